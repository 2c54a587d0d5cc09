# The router's image. compose.yaml shows it at work; tools/test-image builds and proves it.

FROM debian:trixie-slim AS tools
WORKDIR /src
COPY tools/install-deps tools/
RUN tools/install-deps build && rm -rf /var/lib/apt/lists/*

# The librdkafka and LuaJIT that ship, static. They are built anew only if tools/deps or tools/deps.lock changes.
FROM tools AS deps
COPY tools/deps tools/deps.lock tools/
RUN apt-get update && tools/deps && rm -rf /var/lib/apt/lists/*

FROM deps AS build
COPY . .
RUN cmake --preset release -D MR_LIBRARIES=deps && cmake --build --preset release

# Where tools/test-image runs the suites that need no Kafka, on Debian's own librdkafka and LuaJIT; nothing of it goes into the image.
FROM tools AS tests
RUN tools/install-deps suites && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset dev -D MR_LIBRARIES=system && cmake --build --preset dev

# lua-busted is there for `moonroute test` on the scripts that a user mounts; with all it needs it takes 4 MB.
FROM debian:trixie-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates libcurl4t64 libjemalloc2 libmicrohttpd12t64 libsasl2-2 libssl3t64 libuuid1 libuv1t64 libzstd1 \
        lua-busted lua-cjson zlib1g \
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
COPY LICENSE NOTICE /usr/share/doc/moonroute/
COPY --from=deps /root/.cache/moonroute/deps-*/share/doc/ /usr/share/doc/
COPY --from=build /src/build/release/moonroute /usr/local/bin/
