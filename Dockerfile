# genconvit serve with the weights that ship with the library: a small image without PyTorch's GPU packages, which runs as a
# user that owns nothing and needs no network. Build it:  docker build -t genconvit .
# Run it as compose.yaml does: read-only, without rights, with one volume for the jobs.
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/genconvit \
    && /opt/genconvit/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu '.[serve]'

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/genconvit /opt/genconvit
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin genconvit \
    && install --directory --owner=genconvit --mode=0700 /data
ENV PATH=/opt/genconvit/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    XDG_CACHE_HOME=/tmp/cache \
    MPLCONFIGDIR=/tmp/cache
USER 10001
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["genconvit", "serve", "--host", "0.0.0.0", "--port", "8000", "--data", "/data"]
CMD ["--help"]
