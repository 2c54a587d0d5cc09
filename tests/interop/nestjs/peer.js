// A NestJS application: a microservice with @MessagePattern, and a ClientKafka. It reads lines of JSON from standard input
// and writes lines of JSON, as ../peer.py says.
"use strict";
require("reflect-metadata");
const readline = require("readline");
const { Controller, Logger, Module } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { ClientKafka, MessagePattern, Payload, RpcException, Transport } = require("@nestjs/microservices");
const { firstValueFrom, of, TimeoutError, delay, timeout } = require("rxjs");

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// What decorators would say in TypeScript.
function serving(topic) {
  class Service {
    handle(message) {
      switch (message?.type) {
        case "fail":
          throw new RpcException({ statusCode: 418, message: "no coffee", error: "Teapot" });
        case "break":
          throw new Error("on its own");
        case "silence":
          return of("late").pipe(delay(3000)); // a handler that never ends would hold up its partition
        case "text":
          return message.text;
        case "null":
          return null;
        default:
          return { echo: message };
      }
    }
  }
  const handle = Object.getOwnPropertyDescriptor(Service.prototype, "handle");
  MessagePattern(topic)(Service.prototype, "handle", handle);
  Payload()(Service.prototype, "handle", 0);
  Controller()(Service);
  class Application {}
  Module({ controllers: [Service] })(Application);
  return Application;
}

async function outcome(client, topic, value, ms) {
  try {
    return { data: (await firstValueFrom(client.send(topic, value).pipe(timeout(ms)))) ?? null };
  } catch (error) {
    return error instanceof TimeoutError ? { timeout: true } : { error };
  }
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { broker, asks, serves } = JSON.parse((await lines.next()).value);
  Logger.overrideLogger(false);
  const options = (name) => ({
    client: { clientId: name, brokers: [broker], logLevel: 0 },
    consumer: { groupId: `${name}-${serves}`, maxWaitTimeInMs: 50 },
    subscribe: { fromBeginning: true },
  });
  const service = await NestFactory.createMicroservice(serving(serves), { transport: Transport.KAFKA, options: options("service") });
  await service.listen();
  const client = new ClientKafka(options("client"));
  client.subscribeToResponseOf(asks);
  await client.connect();
  say({ ready: true });
  for await (const line of lines) {
    const { values, timeout: ms } = JSON.parse(line);
    say({ outcomes: await Promise.all(values.map((value) => outcome(client, asks, value, ms))) });
  }
  await Promise.all([client.close(), service.close()]);
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
