"""The Django project: settings, URLs, error responses, OpenAPI schema and metrics of the service."""
