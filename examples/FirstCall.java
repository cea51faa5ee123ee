import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks spikelossd for a loss and its gradient, with Java's standard library alone (version 11 or later). It has no
 * JSON parser: a real program would use one instead of the two patterns below.
 *
 * <pre>java examples/FirstCall.java      SPIKELOSSD_URL names the server, default http://127.0.0.1:8080</pre>
 */
public class FirstCall {
  /** [batch, time, neurons]; "broadcast" asks for one row of the gradient a sample, as it is constant in time. */
  private static final String REQUEST =
      "{\"spk\": [[[1,0,0,1], [1,1,0,0], [1,0,0,0], [0,1,0,0]],"
          + " [[0,0,1,1], [0,0,1,0], [1,0,1,1], [0,0,1,0]]],"
          + " \"targets\": [0, 0], \"num_classes\": 2, \"neurons_per_class\": 2,"
          + " \"correct_rate\": 0.75, \"incorrect_rate\": 0.125, \"gradient\": \"broadcast\"}";

  public static void main(String[] arguments) throws Exception {
    String url = System.getenv().getOrDefault("SPIKELOSSD_URL", "http://127.0.0.1:8080");
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/v1/losses/balanced_population_mse"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(REQUEST))
            .build();
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      String detail = find("\"detail\":\"((?:[^\"\\\\]|\\\\.)*)\"", answer.body());
      System.err.println(detail.replace("\\\"", "\""));
      System.exit(1);
    }
    System.out.println("loss: " + find("^\\{\"loss\":([^,]*)", answer.body()));
    String data = find("\"spk\":\\{\"shape\":\\[2,1,4\\],\"data\":\\[([^]]*)\\]", answer.body());
    System.out.println("gradient: " + data.replace(',', ' '));
  }

  private static String find(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    return matcher.find() ? matcher.group(1) : text;
  }
}
