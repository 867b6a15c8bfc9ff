# Parley as a container: `docker build -t parley .`; compose.yaml runs it with PostgreSQL and Valkey.

# By its digest: a tag may be moved to another image. docs/deployment.md says how to take a newer one.
ARG PYTHON=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${PYTHON} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# With web push, so that its keys are all that it takes to turn it on.
COPY requirements.txt requirements-push.txt /tmp/
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --requirement /tmp/requirements-push.txt

FROM ${PYTHON}
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000 MEDIA_ROOT=/srv/media
RUN useradd --system --uid 10001 --home-dir /srv/parley --shell /usr/sbin/nologin parley
WORKDIR /srv/parley
COPY --from=packages /opt/venv /opt/venv
COPY . .
# Collecting needs settings, and settings need a key; this one signs nothing and is gone after this line.
RUN SECRET_KEY=only-while-the-image-is-built python manage.py collectstatic --no-input
# A volume that is put here belongs to whom the directory belongs to.
RUN install -d -o parley -g parley /srv/media
USER parley
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-m", "config.healthcheck"]
# The process gets SIGTERM itself and says goodbye to its sockets (DRAIN_SECONDS) before it ends.
CMD ["python", "-m", "config.serve"]
