"""The demonstration: this project and the plain design side by side while their Elasticsearch is killed."""
