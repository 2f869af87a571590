# The simple image: one stage, easy to change. Dockerfile.multistage makes a smaller one. Guide: CONTAINER_GUIDE.md
#
#   docker build -t waferwatch .
#   docker build -t waferwatch:gpu --build-arg TORCH=cu128 .
ARG BASE=docker.io/library/python:3.13-slim-trixie
FROM ${BASE}
ARG TORCH=none
ENV UV_SYSTEM_CERTS=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never \
    PATH=/opt/waferwatch/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    WAFERWATCH_HOST=0.0.0.0 WAFERWATCH_DATA_DIR=/data HOME=/tmp
WORKDIR /app
COPY . .
RUN python3 -m venv /opt/waferwatch \
    && python -m pip install --quiet --no-cache-dir uv==0.13.9 \
    && uv pip install --quiet --python /opt/waferwatch/bin/python --require-hashes -r requirements.txt \
    && uv pip install --quiet --python /opt/waferwatch/bin/python -c requirements-dev.txt --no-build-isolation ".[postgres]" \
    && if [ "$TORCH" != none ]; then \
      uv pip install --quiet --python /opt/waferwatch/bin/python -c requirements-dev.txt --no-build-isolation \
        --torch-backend "$TORCH" torch==2.13.0 ".[torch]"; \
    fi \
    && install -d -o 10001 -g 10001 -m 0770 /data
USER 10001:10001
VOLUME /data
WORKDIR /data
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5000/healthz', timeout=4)"]
CMD ["waferwatch", "serve"]
