// tests/bench/scripts/orders.lua written with franz-go.
//
// Usage: franz-go BROKERS GROUP TOPIC     ends at SIGTERM
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"
)

type order struct {
	ID      string `json:"id"`
	Payload struct {
		Symbol   string  `json:"symbol"`
		Price    float64 `json:"price"`
		Quantity float64 `json:"quantity"`
		Side     string  `json:"side"`
	} `json:"payload"`
}

type answer struct {
	ID       string  `json:"id"`
	Symbol   string  `json:"symbol"`
	Total    float64 `json:"total"`
	Accepted bool    `json:"accepted"`
}

func handle(value []byte) ([]byte, error) {
	var asked order
	if err := json.Unmarshal(value, &asked); err != nil {
		return nil, err
	}
	payload := &asked.Payload
	return json.Marshal(answer{asked.ID, payload.Symbol, payload.Price * payload.Quantity, payload.Side == "buy"})
}

func header(record *kgo.Record, name string) []byte {
	for _, each := range record.Headers {
		if each.Key == name {
			return each.Value
		}
	}
	return nil
}

func replyTo(request *kgo.Record) *kgo.Record {
	value, err := handle(request.Value)
	if err != nil {
		log.Fatal(err)
	}
	return &kgo.Record{
		Topic: string(header(request, "reply-to")),
		Key:   request.Key,
		Value: value,
		Headers: []kgo.RecordHeader{
			{Key: "correlation-id", Value: header(request, "correlation-id")},
			{Key: "message-type", Value: []byte("response")},
		},
	}
}

// serve answers what each poll has, and polls again when all of it is acknowledged: so what a poll commits, its predecessor's
// records, is answered.
func serve(ctx context.Context, client *kgo.Client) {
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		fetches.EachError(func(topic string, partition int32, err error) { log.Fatal(topic, partition, err) })
		replies := make([]*kgo.Record, 0, fetches.NumRecords())
		fetches.EachRecord(func(request *kgo.Record) { replies = append(replies, replyTo(request)) })
		if err := client.ProduceSync(context.Background(), replies...).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Args[1], ",")...),
		kgo.ConsumerGroup(os.Args[2]),
		kgo.ConsumeTopics(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), // as is everybody else's default
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close() // commits, too
	serve(ctx, client)
}
