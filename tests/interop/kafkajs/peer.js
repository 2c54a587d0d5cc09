// The kafka-client dialect as its users write it with kafkajs: a client that reads only enveloped replies, and a service. It
// reads lines of JSON from standard input and writes lines of JSON, as ../peer.py says.
"use strict";
const { randomUUID } = require("crypto");
const readline = require("readline");
const { Kafka, logLevel } = require("kafkajs");

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const header = (message, name) => {
  const found = Object.keys(message.headers).find((key) => key.toLowerCase() === name);
  return found === undefined ? undefined : message.headers[found].toString();
};

async function consume(kafka, topic, groupId, each) {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ eachMessage: async ({ message }) => each(message) });
  await joined;
  return consumer;
}

class Failure extends Error {
  constructor(statusCode, message, error) {
    super(message);
    this.reply = { statusCode, message, error };
  }
}

function handle(message) {
  switch (message?.type) {
    case "fail":
      throw new Failure(418, "no coffee", "Teapot");
    case "break":
      throw new Error("on its own");
    case "null":
      return null;
    case "text":
      return message.text;
    default:
      return { echo: message };
  }
}

function answerTo(message) {
  const value = JSON.parse(message.value.toString());
  const timestamp = Date.now();
  try {
    return value?.type === "silence" ? undefined : { success: true, data: handle(value), timestamp };
  } catch (error) {
    const reply = error.reply ?? { statusCode: 500, message: error.message, error: "InternalServerError" };
    return { success: false, ...reply, timestamp };
  }
}

function headersOf(messageId, more) {
  return { "message-id": messageId, "message-type": "request-reply", timestamp: String(Date.now()), ...more };
}

async function serve(kafka, producer, topic) {
  return consume(kafka, topic, `service-${topic}`, async (message) => {
    const to = header(message, "reply-to");
    const answer = answerTo(message);
    if (to === undefined || answer === undefined) {
      return;
    }
    const key = randomUUID();
    const headers = headersOf(key, { "correlation-id": header(message, "correlation-id") });
    await producer.send({ topic: to, messages: [{ key, value: JSON.stringify(answer), headers }] });
  });
}

class Client {
  constructor(producer, asks, replies) {
    Object.assign(this, { producer, asks, replies, waiting: new Map() });
  }

  // A reply that is none, or nobody's here, is passed over.
  take(message) {
    const id = header(message, "correlation-id");
    const end = this.waiting.get(id);
    if (end === undefined || header(message, "message-type") === "fire-and-forget") {
      return;
    }
    const { success, data, statusCode, message: text, error } = JSON.parse(message.value.toString());
    end(success === true ? { data } : { error: { statusCode, message: text, error } });
  }

  async ask(value, timeout) {
    const id = randomUUID();
    const ended = new Promise((resolve) => this.waiting.set(id, resolve));
    const headers = headersOf(id, { "correlation-id": id, "reply-to": this.replies });
    await this.producer.send({ topic: this.asks, messages: [{ key: id, value: JSON.stringify(value), headers }] });
    const timer = setTimeout(() => this.waiting.get(id)({ timeout: true }), timeout);
    const outcome = await ended;
    clearTimeout(timer);
    this.waiting.delete(id);
    return outcome;
  }
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { broker, asks, replies, serves } = JSON.parse((await lines.next()).value);
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR });
  const producer = kafka.producer();
  await producer.connect();
  const service = await serve(kafka, producer, serves);
  const client = new Client(producer, asks, replies);
  const inbox = await consume(kafka, replies, `client-${serves}`, (message) => client.take(message));
  say({ ready: true });
  for await (const line of lines) {
    const { values, timeout } = JSON.parse(line);
    say({ outcomes: await Promise.all(values.map((value) => client.ask(value, timeout))) });
  }
  await Promise.all([inbox, service, producer].map((each) => each.disconnect()));
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
