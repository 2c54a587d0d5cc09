import java.util.Map;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.serializer.JsonDeserializer;
import org.springframework.kafka.support.serializer.JsonSerializer;
import org.springframework.messaging.handler.annotation.SendTo;

/**
 * tests/bench/scripts/orders.lua as a {@code @KafkaListener} with {@code @SendTo}, which answers as Spring Kafka does.
 * Arguments: BROKERS GROUP TOPIC. Ends at SIGTERM.
 */
public class Peer {
    static String brokers;
    static String group;
    static String topic;

    record Payload(String symbol, double price, double quantity, String side) {}

    record Order(String id, Payload payload) {}

    record Answer(String id, String symbol, double total, boolean accepted) {}

    static class Orders {
        @KafkaListener(topics = "#{T(Peer).topic()}")
        @SendTo
        public Answer handle(Order order) {
            Payload payload = order.payload();
            return new Answer(order.id(), payload.symbol(), payload.price() * payload.quantity(), payload.side().equals("buy"));
        }
    }

    @Configuration
    @EnableKafka
    public static class Application {
        @Bean
        KafkaTemplate<String, Answer> template() {
            return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(Map.of("bootstrap.servers", brokers,
                    "key.serializer", StringSerializer.class, "value.serializer", JsonSerializer.class)));
        }

        @Bean
        ConsumerFactory<String, Order> consumers() {
            return new DefaultKafkaConsumerFactory<>(Map.of("bootstrap.servers", brokers, "group.id", group,
                    "auto.offset.reset", "earliest"), new StringDeserializer(), new JsonDeserializer<>(Order.class));
        }

        @Bean
        ConcurrentKafkaListenerContainerFactory<String, Order> kafkaListenerContainerFactory(
                ConsumerFactory<String, Order> consumers, KafkaTemplate<String, Answer> template) {
            var factory = new ConcurrentKafkaListenerContainerFactory<String, Order>();
            factory.setConsumerFactory(consumers);
            factory.setReplyTemplate(template);
            return factory;
        }

        @Bean
        Orders orders() {
            return new Orders();
        }
    }

    public static String topic() {
        return topic;
    }

    public static void main(String[] arguments) {
        brokers = arguments[0];
        group = arguments[1];
        topic = arguments[2];
        var context = new AnnotationConfigApplicationContext(Application.class);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            context.close();
            Runtime.getRuntime().halt(0); // else the JVM's exit code is that of the signal
        }));
    }
}
