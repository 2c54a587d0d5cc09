import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.KafkaListenerErrorHandler;
import org.springframework.kafka.requestreply.KafkaReplyTimeoutException;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.requestreply.RequestReplyFuture;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.messaging.support.MessageBuilder;

/**
 * A Spring application: a {@code @KafkaListener} with {@code @SendTo}, and a ReplyingKafkaTemplate. It reads lines of JSON
 * from standard input and writes lines of JSON, as ../peer.py says.
 */
public class Peer {
    static final ObjectMapper JSON = new ObjectMapper();
    static JsonNode task;

    /** What the service answers with an error. */
    static class Refusal extends RuntimeException {
        final int status;
        final String name;

        Refusal(int status, String message, String name) {
            super(message);
            this.status = status;
            this.name = name;
        }
    }

    static class Service {
        @KafkaListener(topics = "#{T(Peer).serves()}", errorHandler = "refusals")
        @SendTo
        public Object handle(String text) throws IOException {
            JsonNode value = JSON.readTree(text);
            switch (value.path("type").asText()) {
                case "fail":
                    throw new Refusal(418, "no coffee", "Teapot");
                case "break":
                    throw new Refusal(500, "on its own", "InternalServerError");
                case "silence":
                    return null;
                case "text":
                    return JSON.writeValueAsString(value.get("text"));
                case "null":
                    return "null";
                default:
                    return JSON.writeValueAsString(JSON.createObjectNode().set("echo", value));
            }
        }
    }

    @Configuration
    @EnableKafka
    public static class Application {
        @Bean
        ProducerFactory<String, String> producers() {
            return new DefaultKafkaProducerFactory<>(Map.of("bootstrap.servers", task.get("broker").asText(),
                    "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class));
        }

        @Bean
        ConsumerFactory<String, String> consumers() {
            return new DefaultKafkaConsumerFactory<>(Map.of("bootstrap.servers", task.get("broker").asText(),
                    "group.id", "peer-" + serves(), "auto.offset.reset", "earliest", "fetch.max.wait.ms", 50,
                    "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class));
        }

        @Bean
        @Primary // the one below is a KafkaTemplate, too
        KafkaTemplate<String, String> template(ProducerFactory<String, String> producers) {
            return new KafkaTemplate<>(producers);
        }

        @Bean
        ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory(
                ConsumerFactory<String, String> consumers, KafkaTemplate<String, String> template) {
            var factory = new ConcurrentKafkaListenerContainerFactory<String, String>();
            factory.setConsumerFactory(consumers);
            factory.setReplyTemplate(template);
            return factory;
        }

        @Bean
        ReplyingKafkaTemplate<String, String, String> asking(ProducerFactory<String, String> producers,
                ConcurrentKafkaListenerContainerFactory<String, String> factory) {
            ConcurrentMessageListenerContainer<String, String> replies = factory.createContainer(task.get("replies").asText());
            replies.getContainerProperties().setGroupId("replies-" + serves());
            return new ReplyingKafkaTemplate<>(producers, replies);
        }

        /** A refusal is a reply as Moonroute writes one: its fields in the value, its status in a header. */
        @Bean
        KafkaListenerErrorHandler refusals() {
            return (message, exception) -> {
                if (!(exception.getCause() instanceof Refusal refusal)) {
                    throw exception;
                }
                ObjectNode value = JSON.createObjectNode().put("statusCode", refusal.status)
                        .put("message", refusal.getMessage()).put("error", refusal.name);
                return MessageBuilder.withPayload(value.toString())
                        .setHeader("status-code", String.valueOf(refusal.status).getBytes()).build();
            };
        }

        @Bean
        Service service() {
            return new Service();
        }
    }

    public static String serves() {
        return task.get("serves").asText();
    }

    static JsonNode outcomeOf(RequestReplyFuture<String, String, String> future) throws Exception {
        try {
            ConsumerRecord<String, String> reply = future.get(10, TimeUnit.MINUTES);
            Header status = reply.headers().lastHeader("status-code");
            JsonNode value = reply.value() == null ? JSON.nullNode() : JSON.readTree(reply.value());
            return JSON.createObjectNode().set(status == null ? "data" : "error", value);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof KafkaReplyTimeoutException) {
                return JSON.createObjectNode().put("timeout", true);
            }
            throw failed;
        }
    }

    static JsonNode ask(ReplyingKafkaTemplate<String, String, String> asking, JsonNode line) throws Exception {
        List<RequestReplyFuture<String, String, String>> futures = new ArrayList<>();
        for (JsonNode value : line.get("values")) {
            futures.add(asking.sendAndReceive(new ProducerRecord<>(task.get("asks").asText(), value.toString()),
                    Duration.ofMillis(line.get("timeout").asLong())));
        }
        ArrayNode outcomes = JSON.createArrayNode();
        for (var future : futures) {
            outcomes.add(outcomeOf(future));
        }
        return JSON.createObjectNode().set("outcomes", outcomes);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        task = JSON.readTree(lines.readLine());
        try (var context = new AnnotationConfigApplicationContext(Application.class)) {
            @SuppressWarnings("unchecked")
            ReplyingKafkaTemplate<String, String, String> asking = context.getBean(ReplyingKafkaTemplate.class);
            asking.waitForAssignment(Duration.ofSeconds(60));
            System.out.println("{\"ready\":true}");
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(ask(asking, JSON.readTree(line)));
            }
        }
    }
}
