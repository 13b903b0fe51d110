"""Orders: models, serializers, views, admin, import. Imports nothing of search, order_search, desk or project."""
