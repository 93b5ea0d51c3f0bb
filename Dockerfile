# syntax=docker/dockerfile:1
# The tag may be replaced by a digest (python@sha256:…) to build from exactly the same base again.
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY model model
COPY training training
COPY service service
# No torch and no compiler. An extra that a version does not have yet is a warning and no more.
ARG EXTRAS=postgres
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/entity-stance \
    && wheel="$(ls /wheels/entity_stance-*.whl)" \
    && /opt/entity-stance/bin/pip install --no-cache-dir "${wheel}${EXTRAS:+[$EXTRAS]}"

FROM ${PYTHON_IMAGE}
# Login shells set PATH anew; Kubernetes operators such as KubeRay start commands in one.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin stance \
    && echo 'PATH=/opt/entity-stance/bin:$PATH' > /etc/profile.d/entity-stance.sh
COPY --from=build /opt/entity-stance /opt/entity-stance
ENV PATH=/opt/entity-stance/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/tmp/huggingface \
    ENTITY_STANCE_HOST=0.0.0.0 \
    ENTITY_STANCE_PORT=8000
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['ENTITY_STANCE_PORT']}/readyz\", timeout=4)"]
ENTRYPOINT ["entity-stance"]
CMD ["serve"]
