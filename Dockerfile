# Two stages: packages are built in the first and copied into the second.
# GPU: start it with the NVIDIA runtime, `docker run --gpus all …`; torch's usual wheels carry CUDA.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
COPY constraints.txt pyproject.toml README.md LICENSE ./
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt torch==2.13.0
COPY bot bot
COPY core core
COPY migrations migrations
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt --editable .

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 atelier && mkdir /data && chown atelier /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER atelier
ENV ATELIER_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s CMD ["/venv/bin/python", "-m", "bot", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/venv/bin/python", "-m", "bot"]
CMD ["run"]
