"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from project.chunked import with_chunked_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = with_chunked_bodies(get_wsgi_application())
