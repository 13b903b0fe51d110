# The order service for production: no debug, no embedded engine, not root.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt && useradd --system --no-create-home service

COPY manage.py gunicorn.conf.py ./
COPY project project
COPY desk desk
COPY orders orders
COPY order_search order_search
COPY search search
# collectstatic reads the settings, which require these variables. They do not stay in the image.
RUN DJANGO_SECRET_KEY=none DJANGO_ALLOWED_HOSTS=none ELASTICSEARCH_URL=http://none DATABASE_URL=sqlite://:memory: \
    python manage.py collectstatic --no-input

USER service
EXPOSE 8000
CMD ["gunicorn", "project.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
