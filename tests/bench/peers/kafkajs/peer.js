// tests/bench/scripts/orders.lua written with kafkajs, by message or by batch.
// Usage: node peer.js message|batch BROKERS GROUP TOPIC     ends at SIGTERM
"use strict";
const { Kafka, logLevel } = require("kafkajs");

const [way, brokers, groupId, topic] = process.argv.slice(2);
const kafka = new Kafka({ clientId: "orders", brokers: brokers.split(","), logLevel: logLevel.ERROR });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 }); // it ends as fast as that

function handle(order) {
  const { symbol, price, quantity, side } = order.payload;
  return { id: order.id, symbol, total: price * quantity, accepted: side === "buy" };
}

function answerTo({ key, value, headers }) {
  const answer = JSON.stringify(handle(JSON.parse(value.toString())));
  return { key, value: answer, headers: { "correlation-id": headers["correlation-id"], "message-type": "response" } };
}

const ways = {
  message: {
    eachMessage: ({ message }) => producer.send({ topic: message.headers["reply-to"].toString(), messages: [answerTo(message)] }),
  },
  batch: {
    eachBatch: async ({ batch }) => {
      const topics = new Map();
      for (const message of batch.messages) {
        const replyTo = message.headers["reply-to"].toString();
        if (!topics.has(replyTo)) topics.set(replyTo, []);
        topics.get(replyTo).push(answerTo(message));
      }
      await producer.sendBatch({ topicMessages: [...topics].map(([to, messages]) => ({ topic: to, messages })) });
    },
  },
};

async function main() {
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  process.once("SIGTERM", async () => {
    await consumer.disconnect();
    await producer.disconnect();
    process.exit(0);
  });
  await consumer.run(ways[way]);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
