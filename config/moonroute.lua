-- Moonroute's configuration: every key with its default and unit, or an example where it has
-- none. Nothing here is needed. To set a key, take away the two dashes before it and before the
-- name of the table it is in; docs/CONFIGURATION.md tells more.
-- Made from src/config/keys.c by `unit_lua_config_sample_test --write`.
return {
    -- Name of this service: the metrics' prefix and the default client id.
    --service = "moonroute",
    -- Worker processes; auto: one for each CPU that this process may use.
    --workers = "auto", -- processes
    -- Folder of the handler scripts.
    --scripts = "scripts",
    -- How long a stop waits for the handlers that are running.
    --shutdown_timeout = 10000, -- ms
    -- How long a partition that another worker is to have waits for its handlers that are running.
    --drain_timeout = 5000, -- ms
    -- How often offsets are committed.
    --commit_interval = 1000, -- ms
    transaction = {
        -- How long a transaction gathers messages, where delivery is exactly-once: what they came
        -- to is seen, and committed, so much later.
        --interval = 50, -- ms
        -- How many messages a transaction has at most.
        --messages = 1000, -- messages
    },
    -- Whether scripts are kept from files, programs and each other; false: they are trusted with
    -- all of Lua.
    --sandbox = true,
    -- Whether dead-letter, retry and response topics that are missing are created.
    --create_topics = true,
    kafka = {
        -- Brokers to ask for the cluster first; with IS_DOCKER=true the default is kafka:9092.
        --brokers = { "localhost:9092" },
        -- How this client calls itself towards the brokers.
        --client_id = "moonroute",
        -- Consumer group; all routers of one service share it.
        --group_id = "moonroute",
        -- Static membership: a worker that died is replaced by one that has its place in its
        -- groups, and its partitions, at once. auto: the host's name and a number, which leave the
        -- groups when the router stops. Any other name, unique to the router: the worker of slot N
        -- has this name and -N, and has its partitions back after a restart of the router, too;
        -- when the router stops for good they rest for session.timeout.ms. "": none.
        --group_instance_id = "auto",
        -- Time to reach a broker, after which `request` and `publish` give up; `run` goes on
        -- trying.
        --connection_timeout = 10000, -- ms
        sasl = {
            -- How to log in, where a username is set. One of "plain", "scram-sha-256",
            -- "scram-sha-512".
            --mechanism = "plain",
            -- Name to log in with; none: no login.
            --username = env "KAFKA_SASL_USERNAME",
            -- Password to log in with.
            --password = env "KAFKA_SASL_PASSWORD",
        },
        tls = {
            -- File of the authorities that may sign the brokers' certificates; set: TLS is used.
            --ca = "/etc/ssl/certs/ca-certificates.crt",
            -- File of this client's certificate; set: TLS is used.
            --certificate = "/run/secrets/client.pem",
            -- File of the certificate's private key.
            --key = "/run/secrets/client.key",
            -- Password of the private key.
            --key_password = env "MOONROUTE_KAFKA_TLS_KEY_PASSWORD",
        },
        properties = {
            -- Any property of librdkafka by its name, as `["fetch.wait.max.ms"] = 100`; what the
            -- guarantees rest on (`acks`, say) is refused.
            --["fetch.wait.max.ms"] = 100,
        },
    },
    defaults = {
        -- Which messages are handled one after the other: those of the same key, all of a
        -- partition, or none. One of "key", "partition", "none".
        --ordering = "key",
        -- Handlers of a route in flight at once in a worker.
        --concurrency = 64, -- handlers
        -- Messages of a partition taken and not handled yet; with so many it is paused.
        --window = 1000, -- messages
        -- What a crash may do to a message: repeat it, neither repeat nor lose it (Kafka
        -- transactions), or lose it. A partition that is being served keeps what it began with. One
        -- of "at-least-once", "exactly-once", "at-most-once".
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
            -- What each further delay is multiplied by.
            --multiplier = 2,
            -- The longest delay.
            --cap = 30000, -- ms
            -- Share by which a delay is made longer or shorter at random.
            --jitter = 0.1,
            -- Where a message waits: in its partition, which keeps the order, or in the topic
            -- `<topic>-retry`, which lets others pass. One of "in-place", "topic".
            --mode = "in-place",
        },
        dlq = {
            -- Dead-letter topic; {topic} is the message's topic, {base} the same without -commands.
            --topic = "{base}-dlq",
            -- spring adds the headers kafka_dlt-* to a dead letter. One of "plain", "spring".
            --dialect = "plain",
            headers = {
                -- The dead letter's header that tells the topic of the message.
                --["original-topic"] = "original-topic",
                -- The dead letter's header that tells its partition.
                --["original-partition"] = "original-partition",
                -- The dead letter's header that tells its offset.
                --["original-offset"] = "original-offset",
                -- The dead letter's header that tells its timestamp, in ms.
                --["original-timestamp"] = "original-timestamp",
                -- The dead letter's header that tells why it failed.
                --error = "error",
                -- The dead letter's header that tells the traceback.
                --["error-stack"] = "error-stack",
                -- The dead letter's header that tells when it failed, in ms.
                --["failed-at"] = "failed-at",
                -- The dead letter's header that tells how often it was retried.
                --["total-retries"] = "total-retries",
            },
        },
        budget = {
            -- The longest uninterrupted run of a handler's Lua; waiting is free.
            --time = 1000, -- ms
            -- What a handler may hold of Lua's memory, and its script may keep.
            --memory = "256MB", -- bytes
        },
    },
    routes = {
        -- Settings of one topic, or (beginning with ^) of all whose names match a POSIX extended
        -- regular expression; what they leave out is as in `defaults`.
        --["orders-commands"] = {
            -- Handler script in the scripts folder; default: that of the topic's name.
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
                --},
            --},
            --budget = {
                --time = 1000, -- ms
                --memory = "256MB", -- bytes
            --},
        --},
    },
    rpc = {
        -- Topics on which replies to this router's own requests are awaited from the start.
        --response_topics = { "orders-responses" },
        -- How long a request is waited for where it does not say.
        --timeout = 30000, -- ms
        -- How many requests of a worker's handlers may wait for their replies; one more fails.
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
            -- What the topic is for. Not in this version yet.
            --description = "Commands for orders",
        --},
    },
    admin = {
        -- Where health, metrics and status are served.
        --listen = "127.0.0.1:8080",
    },
    log = {
        -- The least that is logged. One of "debug", "info", "warn", "error".
        --level = "info",
        -- A JSON object a line, or text for people. One of "json", "text".
        --format = "json",
        -- File to append to, opened anew at SIGUSR1; none: standard error.
        --file = "/var/log/moonroute.log",
    },
}
