# The images of both programs: what they need is installed in the first stages, the last ones carry only the result.
# The exporter's is the last one, which is built where no target is named.
# Libraries come before the sources, so that a change to these does not fetch those again.
FROM python:3.11.13-slim-bookworm AS exporter-libraries
WORKDIR /src
COPY scripts/requirements scripts/requirements
RUN python -m venv --without-pip /opt/ecotrack \
    && pip install --no-cache-dir --root-user-action=ignore --only-binary=:all: --require-hashes \
        --requirement scripts/requirements/build.txt \
    && pip --python /opt/ecotrack/bin/python install --no-cache-dir --only-binary=:all: --require-hashes \
        --requirement scripts/requirements/exporter.txt

# The simulator's libraries, some 650 MB, stay out of the exporter's image.
FROM exporter-libraries AS simulator-libraries
RUN pip --python /opt/ecotrack/bin/python install --no-cache-dir --only-binary=:all: --require-hashes \
        --requirement scripts/requirements/simulator.txt

FROM exporter-libraries AS exporter-build
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY exporter exporter
COPY prometheus/*.py prometheus/alertmanager.yml prometheus/
COPY prometheus/templates prometheus/templates
COPY grafana/dashboards grafana/dashboards
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/ecotrack/bin/python install --no-cache-dir --no-deps --no-index /wheel/*.whl

FROM simulator-libraries AS simulator-build
COPY --from=exporter-build /src ./
COPY simulator simulator
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/ecotrack/bin/python install --no-cache-dir --no-deps --no-index /wheel/*.whl

FROM python:3.11.13-slim-bookworm AS runtime
RUN python -m pip uninstall --yes --root-user-action=ignore pip setuptools wheel
ENV PYTHONDONTWRITEBYTECODE=1

FROM runtime AS simulator
COPY --from=simulator-build /opt/ecotrack /opt/ecotrack
# Numba keeps the compiled placement kernel below, which takes a few seconds to make at each start of a container.
ENV HOME=/tmp
USER 65532:65532
EXPOSE 10111
# Any answer will do: with TLS or a password it is a refusal, which is a sign of health too.
HEALTHCHECK --interval=10s --start-period=60s --timeout=5s \
    CMD ["/opt/ecotrack/bin/python", "-c", "import http.client; c = http.client.HTTPConnection('127.0.0.1', 10111, timeout=4); c.request('GET', '/-/healthy'); c.getresponse()"]
ENTRYPOINT ["/opt/ecotrack/bin/ecochain"]
CMD ["serve", "--web.listen-address=0.0.0.0:10111"]

FROM runtime AS exporter
COPY --from=exporter-build /opt/ecotrack /opt/ecotrack
# 65532 has no entry in /etc/passwd; a named volume mounted on the folder inherits its owner.
RUN rm /opt/ecotrack/bin/ecochain \
    && install --directory --owner=65532 --group=65532 --mode=0700 /var/lib/ecotrack
USER 65532:65532
VOLUME /var/lib/ecotrack
EXPOSE 10110
HEALTHCHECK --interval=10s --start-period=60s --timeout=5s \
    CMD ["/opt/ecotrack/bin/python", "-c", "import http.client; c = http.client.HTTPConnection('127.0.0.1', 10110, timeout=4); c.request('GET', '/-/healthy'); c.getresponse()"]
ENTRYPOINT ["/opt/ecotrack/bin/ecotrack"]
CMD ["--web.listen-address=0.0.0.0:10110", "--state.dir=/var/lib/ecotrack"]
