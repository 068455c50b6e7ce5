# Two stages: packages are installed in the first and copied into the second, Atelier's own files last.
# GPU: needs NVIDIA's container toolkit, `docker run --gpus all …`; torch's usual wheels carry CUDA.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
COPY constraints.txt pyproject.toml ./
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt torch==2.13.0
# What Atelier needs, without its own files, which change more often; `--build-arg EXTRAS=8bit` adds an extra.
ARG EXTRAS=
RUN touch README.md && /venv/bin/pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.11-slim-bookworm
# ATELIER_COMPILE: torch calls a compiler while it runs.
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 atelier && mkdir /data && chown atelier /data
COPY --from=build /venv /venv
WORKDIR /app
COPY LICENSE ./
COPY bot bot
COPY core core
COPY migrations migrations
RUN /venv/bin/python -m compileall -q bot core migrations
USER atelier
# What is fetched from a hub is kept beside the data: a new container does not fetch it again.
ENV ATELIER_DATA_DIR=/data HF_HOME=/data/hub PYTHONPATH=/app PYTHONUNBUFFERED=1
VOLUME /data
# Time to start: a model may have to be fetched first.
HEALTHCHECK --interval=30s --timeout=10s --start-period=15m CMD ["/venv/bin/python", "-m", "bot", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/venv/bin/python", "-m", "bot"]
CMD ["run"]
