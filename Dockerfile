# The exporter's image: dependencies and package are installed in the first stage, the second carries only the result.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/ecotrack
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY exporter exporter
RUN pip --python /opt/ecotrack/bin/python install --no-cache-dir --constraint constraints.txt .

FROM python:3.11.13-slim-bookworm
# 65532 has no entry in /etc/passwd; a named volume mounted on the folder inherits its owner.
RUN python -m pip uninstall --yes --root-user-action=ignore pip setuptools wheel \
    && install --directory --owner=65532 --group=65532 --mode=0700 /var/lib/ecotrack
COPY --from=build /opt/ecotrack /opt/ecotrack
ENV PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
VOLUME /var/lib/ecotrack
EXPOSE 10110
# Any answer will do: with TLS or a password it is a refusal, which is a sign of health too.
HEALTHCHECK --interval=30s --start-interval=2s --start-period=60s --timeout=5s \
    CMD ["/opt/ecotrack/bin/python", "-c", "import http.client; c = http.client.HTTPConnection('127.0.0.1', 10110, timeout=4); c.request('GET', '/-/healthy'); c.getresponse()"]
ENTRYPOINT ["/opt/ecotrack/bin/ecotrack"]
CMD ["--web.listen-address=0.0.0.0:10110", "--state.dir=/var/lib/ecotrack"]
