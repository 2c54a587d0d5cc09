-- Moonroute's configuration: every key with its default and unit, or an example where it has
-- none. Nothing here is needed. To set a key, take away the two dashes before it and before the
-- name of the table it is in; docs/CONFIGURATION.md tells more.
-- Made from src/config/keys.c by `unit_lua_config_sample_test --write`.
return {
    -- Name of this service: the metrics' prefix and the default client id.
    --service = "moonroute",
    -- Worker processes; auto: one per CPU that this process may use.
    --workers = "auto", -- processes
    -- Folder of the handler scripts.
    --scripts = "scripts",
    -- How long a stop waits for running handlers.
    --shutdown_timeout = 10000, -- ms
    -- How long to wait for running handlers before a revoked partition is given back.
    --drain_timeout = 5000, -- ms
    -- How often offsets are committed.
    --commit_interval = 1000, -- ms
    transaction = {
        -- How long a transaction gathers messages when delivery is exactly-once. Results of the
        -- messages are visible, and committed, that much later.
        --interval = 50, -- ms
        -- Most messages per transaction.
        --messages = 1000, -- messages
    },
    -- Whether scripts are kept from files, programs and each other; false: scripts are trusted with
    -- all of Lua.
    --sandbox = true,
    env = {
        -- Environment variables that scripts may read with `router.env` though their names or
        -- values look like secrets.
        --allow = { "PAYMENTS_API_KEY" },
    },
    -- Whether dead-letter, retry and response topics that are missing are created.
    --create_topics = true,
    kafka = {
        -- Brokers that are asked about the cluster first; with IS_DOCKER=true the default is
        -- kafka:9092.
        --brokers = { "localhost:9092" },
        -- Name of this client that brokers see.
        --client_id = "moonroute",
        -- Consumer group; all routers of one service share it.
        --group_id = "moonroute",
        -- Static membership: the successor of a worker that died takes over the worker's place in
        -- its groups, and its partitions, at once. With auto, names are made of the host's name and
        -- a number, and leave the groups when the router stops. Any other name must be unique to
        -- the router. The worker of slot N has this name and -N, and has its partitions back after
        -- a restart of the router, too. When the router stops for good, its partitions rest for
        -- session.timeout.ms. "": no static membership.
        --group_instance_id = "auto",
        -- Longest time to reach a broker, after which `request` and `publish` fail; `run` keeps
        -- trying.
        --connection_timeout = 10000, -- ms
        sasl = {
            -- How to log in if a username is set. One of "plain", "scram-sha-256", "scram-sha-512".
            --mechanism = "plain",
            -- Name to log in with; none: no login.
            --username = env "KAFKA_SASL_USERNAME",
            -- Password to log in with.
            --password = env "KAFKA_SASL_PASSWORD",
        },
        tls = {
            -- File of the authorities that may sign the brokers' certificates; if it is set, TLS is
            -- used.
            --ca = "/etc/ssl/certs/ca-certificates.crt",
            -- File of this client's certificate; if it is set, TLS is used.
            --certificate = "/run/secrets/client.pem",
            -- File of the certificate's private key.
            --key = "/run/secrets/client.key",
            -- Password of the private key.
            --key_password = env "MOONROUTE_KAFKA_TLS_KEY_PASSWORD",
        },
        properties = {
            -- Any property of librdkafka by its name, as `["fetch.wait.max.ms"] = 100`; a change of
            -- a property that the guarantees rest on (such as `acks`) is refused.
            --["fetch.wait.max.ms"] = 100,
        },
    },
    defaults = {
        -- Messages that are handled one after another: messages of one key, all messages of a
        -- partition, or none. One of "key", "partition", "none".
        --ordering = "key",
        -- Most handlers of a route in flight at once, per worker.
        --concurrency = 64, -- handlers
        -- Most messages of a partition that are taken and not handled yet; with so many the
        -- partition is paused.
        --window = 1000, -- messages
        -- Effect that a crash may have on a message: repeat it, neither repeat nor lose it (Kafka
        -- transactions), or lose it. A partition that is being served keeps the delivery with which
        -- it began. One of "at-least-once", "exactly-once", "at-most-once".
        --delivery = "at-least-once",
        -- How values are read and written: JSON, or strings passed as they are. One of "json",
        -- "raw".
        --codec = "json",
        -- How requests are recognised and answered; auto: by each message's headers. One of "auto",
        -- "kafka-client", "plain", "nestjs", "spring".
        --dialect = "auto",
        retry = {
            -- Retries after the first attempt.
            --max = 3, -- retries
            -- Delay before the first retry.
            --base = 1000, -- ms
            -- Factor by which each further delay is multiplied.
            --multiplier = 2,
            -- The longest delay.
            --cap = 30000, -- ms
            -- Share by which a delay is made longer or shorter at random.
            --jitter = 0.1,
            -- Place where a message waits for a retry: its partition, which keeps the order, or the
            -- topic `<topic>-retry`, which lets other messages pass. One of "in-place", "topic".
            --mode = "in-place",
            -- Whether a request whose handler fails with an ordinary error is retried. Otherwise
            -- its asker gets the error reply at once.
            --requests = false,
        },
        dlq = {
            -- Dead-letter topic; {topic} is the message's topic, {base} is that topic without
            -- -commands.
            --topic = "{base}-dlq",
            -- spring adds the headers kafka_dlt-* to a dead letter. One of "plain", "spring".
            --dialect = "plain",
            headers = {
                -- Header of a dead letter with the message's topic.
                --["original-topic"] = "original-topic",
                -- Header of a dead letter with the message's partition.
                --["original-partition"] = "original-partition",
                -- Header of a dead letter with the message's offset.
                --["original-offset"] = "original-offset",
                -- Header of a dead letter with the message's timestamp, in ms.
                --["original-timestamp"] = "original-timestamp",
                -- Header of a dead letter with the reason of the failure.
                --error = "error",
                -- Header of a dead letter with the traceback.
                --["error-stack"] = "error-stack",
                -- Header of a dead letter with the time of the failure, in ms.
                --["failed-at"] = "failed-at",
                -- Header of a dead letter with the number of retries.
                --["total-retries"] = "total-retries",
                -- Header of a dead letter with the kind of failure: rejected, status, error,
                -- undecodable, budget, crash or undeliverable.
                --reason = "reason",
            },
        },
        budget = {
            -- The longest uninterrupted run of a handler's Lua; waiting does not count.
            --time = 1000, -- ms
            -- The longest time from the start of a handler to its end, waiting included; 0: no
            -- limit.
            --total = 0, -- ms
            -- Lua's memory that a handler may hold, and that its script may keep.
            --memory = "256MB", -- bytes
        },
    },
    routes = {
        -- Settings of one topic, or of all topics whose names match a POSIX extended regular
        -- expression, which begins with ^. A setting that is left out is as in `defaults`.
        --["orders-commands"] = {
            -- Handler script in the scripts folder; default: the script of the topic's name.
            --script = "orders-commands.lua",
            -- Consumer group of this route.
            --group_id = "moonroute",
            -- File with the JSON Schema that messages must obey. Not in this version yet.
            --schema = "schemas/orders.json",
            --ordering = "key",
            --concurrency = 64, -- handlers
            --window = 1000, -- messages
            --delivery = "at-least-once",
            --codec = "json",
            --dialect = "auto",
            --retry = {
                --max = 3, -- retries
                --base = 1000, -- ms
                --multiplier = 2,
                --cap = 30000, -- ms
                --jitter = 0.1,
                --mode = "in-place",
                --requests = false,
            --},
            --dlq = {
                --topic = "{base}-dlq",
                --dialect = "plain",
                --headers = {
                    --["original-topic"] = "original-topic",
                    --["original-partition"] = "original-partition",
                    --["original-offset"] = "original-offset",
                    --["original-timestamp"] = "original-timestamp",
                    --error = "error",
                    --["error-stack"] = "error-stack",
                    --["failed-at"] = "failed-at",
                    --["total-retries"] = "total-retries",
                    --reason = "reason",
                --},
            --},
            --budget = {
                --time = 1000, -- ms
                --total = 0, -- ms
                --memory = "256MB", -- bytes
            --},
        --},
    },
    rpc = {
        -- Topics on which replies to this router's own requests are awaited from the start.
        --response_topics = { "orders-responses" },
        -- How long a request waits for its reply if the request does not say.
        --timeout = 30000, -- ms
        -- Most requests of a worker's handlers that may wait for their replies; a further request
        -- fails.
        --max_pending = 100000, -- requests
        -- Whether requests past their deadline are dropped and counted instead of handled.
        --drop_expired = false,
    },
    topics = {
        -- A topic as `moonroute topics apply` makes it.
        --["orders-commands"] = {
            -- Number of partitions; default: the broker's. Not in this version yet.
            --partitions = 3, -- partitions
            -- How long messages are kept, -1: for ever; default: the broker's. Not in this version
            -- yet.
            --retention_hours = 168, -- hours
            -- Purpose of the topic. Not in this version yet.
            --description = "Commands for orders",
        --},
    },
    admin = {
        -- Address at which health, metrics and status are served.
        --listen = "127.0.0.1:8080",
    },
    log = {
        -- The lowest level that is logged. One of "debug", "info", "warn", "error".
        --level = "info",
        -- One JSON object per line, or text for people. One of "json", "text".
        --format = "json",
        -- File to append to, reopened at SIGUSR1; none: standard error.
        --file = "/var/log/moonroute.log",
    },
}
