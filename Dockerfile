# The router's image. compose.yaml shows it at work; tools/test-image builds and proves it.

FROM debian:trixie-slim AS tools
WORKDIR /src
COPY tools/install-deps tools/
RUN tools/install-deps build && rm -rf /var/lib/apt/lists/*

FROM tools AS build
COPY . .
RUN cmake --preset release && cmake --build --preset release

# Where tools/test-image runs the suites that need no Kafka; nothing of it goes into the image.
FROM tools AS tests
RUN tools/install-deps suites && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset dev && cmake --build --preset dev

# lua-busted is there for `moonroute test` on the scripts that a user mounts; with all it needs it takes 4 MB.
FROM debian:trixie-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates libcurl4t64 libjemalloc2 libluajit-5.1-2 libmicrohttpd12t64 librdkafka1 libuuid1 libuv1t64 lua-busted lua-cjson \
    && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log \
    && useradd --uid 10001 --user-group --home-dir /app --create-home --shell /usr/sbin/nologin moonroute

# Users mount their scripts at /app/scripts and, if they have one, their configuration at /app/config.
WORKDIR /app
USER 10001:10001
ENV IS_DOCKER=true
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["moonroute", "health"]
ENTRYPOINT ["moonroute"]
CMD ["run"]
COPY --from=build /src/build/release/moonroute /usr/local/bin/
