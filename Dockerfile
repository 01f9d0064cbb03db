# What production needs and nothing else: no compiler, no tests, no embedded PostgreSQL. docs/install.md says how it runs.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE messages.yaml messages.de.yaml email_base.html ./
COPY notify_cli notify_cli
RUN python -m venv /opt/notify/.venv \
    && /opt/notify/.venv/bin/pip install --no-cache-dir --constraint=constraints.txt .

FROM python:${PYTHON}-slim
COPY --from=build /opt/notify/.venv /opt/notify/.venv
ENV PATH=/opt/notify/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /
ENTRYPOINT ["notify"]
CMD ["--help"]
