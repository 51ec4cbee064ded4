# One image with all executables: each service's container runs its own. Nothing in it needs a shell.
# `runtime` is everything but the executables: Scripts/verify-containers also puts others than a release build into it.
FROM debian:bookworm-slim AS runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4 libsqlite3-0 \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin csp \
    && install -d -o csp -g csp /data
COPY Data/journey /app/Data/journey
USER csp
VOLUME /data
ENV PATH=/app/bin:$PATH DATA_DIR=/data HTTP_HOST=0.0.0.0 SEED_DIR=/app/Data/journey
CMD ["csp", "--help"]

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4-openssl-dev libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The packages are fetched and built in layers that stay until Package.swift changes: a change of the sources
# builds nothing but the sources.
COPY Package.swift ./
RUN swift package resolve
RUN mkdir Packages && touch Packages/Empty.swift \
    && CSP_ONLY_PACKAGES=1 swift build -c release \
    && rm -r Packages
COPY Shared Shared
COPY Services Services
COPY Tools Tools
COPY Tests Tests
# The commit, for --version, /livez and csp_build_info: there is no git here.
ARG CSP_COMMIT=unknown
RUN CSP_COMMIT=$CSP_COMMIT swift build -c release
COPY Scripts/gather-executables Scripts/
RUN Scripts/gather-executables .build/release /app/bin

FROM runtime
COPY --from=build /app/bin /app/bin
