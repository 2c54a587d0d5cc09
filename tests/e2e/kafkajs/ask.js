// A request-reply client as an application would write it with kafkajs: sends requests, waits for the reply of each, prints them.
//
// Standard input, JSON: { broker, topic, replyTopic, requests: [{ value, key?, headers? }], timeout }   (headers replace the usual ones)
// Standard output, JSON: one { id, key, value, headers } a request, in their order; only the id where no reply came in time.
"use strict";

const { randomUUID } = require("node:crypto");
const { Kafka, logLevel } = require("kafkajs");

function requestHeaders(replyTopic) {
  return {
    "message-id": randomUUID(),
    "correlation-id": randomUUID(),
    "reply-to": replyTopic,
    "message-type": "request-reply",
    timestamp: String(Date.now()),
  };
}

function asMessage(request, replyTopic) {
  return {
    key: request.key ?? randomUUID(),
    value: typeof request.value === "string" ? request.value : JSON.stringify(request.value),
    headers: { ...requestHeaders(replyTopic), ...request.headers },
  };
}

function asReply(message) {
  const headers = Object.entries(message.headers).map(([name, value]) => [name, value.toString()]);
  return { key: message.key.toString(), value: JSON.parse(message.value.toString()), headers: Object.fromEntries(headers) };
}

async function collect(consumer, wanted, timeout) {
  const replies = new Map();
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, timeout);
    const eachMessage = async ({ message }) => {
      replies.set(message.headers["correlation-id"].toString(), asReply(message));
      if ([...wanted].every((id) => replies.has(id))) {
        clearTimeout(timer);
        resolve();
      }
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  return replies;
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const task = JSON.parse(Buffer.concat(chunks).toString());

  const kafka = new Kafka({ clientId: "e2e-kafkajs", brokers: [task.broker], logLevel: logLevel.ERROR });
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: `e2e-${randomUUID()}`, maxWaitTimeInMs: 100 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [task.replyTopic], fromBeginning: true });

  const messages = task.requests.map((request) => asMessage(request, task.replyTopic));
  await producer.send({ topic: task.topic, messages });
  const ids = messages.map((message) => message.headers["correlation-id"]);
  const replies = await collect(consumer, new Set(ids), task.timeout);

  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  process.stdout.write(JSON.stringify(ids.map((id) => ({ id, ...replies.get(id) }))));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
