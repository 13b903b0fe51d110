"""The plain design, as tutorials show it: django-elasticsearch-dsl's own receiver calls Elasticsearch in the save."""
