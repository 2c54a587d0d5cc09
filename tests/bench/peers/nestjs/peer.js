// tests/bench/scripts/orders.lua as a NestJS microservice with @MessagePattern, which answers as NestJS does.
// Usage: node peer.js BROKERS GROUP TOPIC     ends at SIGTERM
"use strict";
require("reflect-metadata");
const { Controller, Logger, Module } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { MessagePattern, Payload, Transport } = require("@nestjs/microservices");

const [brokers, groupId, topic] = process.argv.slice(2);

// What decorators would say in TypeScript.
class Orders {
  handle(order) {
    const { symbol, price, quantity, side } = order.payload;
    return { id: order.id, symbol, total: price * quantity, accepted: side === "buy" };
  }
}
const handle = Object.getOwnPropertyDescriptor(Orders.prototype, "handle");
MessagePattern(topic)(Orders.prototype, "handle", handle);
Payload()(Orders.prototype, "handle", 0);
Controller()(Orders);
class Application {}
Module({ controllers: [Orders] })(Application);

async function main() {
  Logger.overrideLogger(["error"]);
  const service = await NestFactory.createMicroservice(Application, {
    transport: Transport.KAFKA,
    options: {
      client: { clientId: "orders", brokers: brokers.split(","), logLevel: 1 },
      consumer: { groupId, maxWaitTimeInMs: 100 }, // it ends as fast as that
      subscribe: { fromBeginning: true },
    },
  });
  process.once("SIGTERM", async () => {
    await service.close();
    process.exit(0);
  });
  await service.listen();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
