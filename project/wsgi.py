"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from project.chunked import read_chunked_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = read_chunked_bodies(get_wsgi_application())
