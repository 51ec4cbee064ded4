# One image with all executables: each service's container runs its own. Nothing in it needs a shell.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4-openssl-dev libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Shared Shared
COPY Services Services
COPY Tests Tests
RUN swift build -c release
# The executables, stripped, and beside them (their run path is $ORIGIN) Swift's shared libraries, once.
RUN mkdir -p /app/bin \
    && cd .build/release \
    && cp order payment coupon inventory notification csp /app/bin/ \
    && ldd order csp | awk '/\/swift\/linux\// { print $3 }' | sort -u | xargs -I LIBRARY cp LIBRARY /app/bin/ \
    && strip --strip-unneeded /app/bin/*

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4 libsqlite3-0 \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin csp \
    && install -d -o csp -g csp /data
COPY --from=build /app /app
COPY Data/journey /app/Data/journey
USER csp
VOLUME /data
ENV PATH=/app/bin:$PATH DATA_DIR=/data HTTP_HOST=0.0.0.0 SEED_DIR=/app/Data/journey
CMD ["csp", "--help"]
