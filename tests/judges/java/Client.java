import java.net.URL;
import java.nio.charset.StandardCharsets;

/** URL: prints what is there. Its own key, and whom it trusts, are told by properties. */
public final class Client {
    public static void main(String[] args) throws Exception {
        System.out.print(new String(new URL(args[0]).openStream().readAllBytes(), StandardCharsets.UTF_8));
    }
}
