# Asks spikelossd for a loss and its gradient from R, with the packages curl and jsonlite (on Debian:
# r-cran-curl, r-cran-jsonlite).
#
#     Rscript examples/first_call.R      SPIKELOSSD_URL names the server, default http://127.0.0.1:8080

url <- Sys.getenv("SPIKELOSSD_URL", "http://127.0.0.1:8080")

# [batch, time, neurons]: two samples, four time steps, two classes of two neurons each.
spikes <- array(0, c(2, 4, 4))
spikes[1, , ] <- rbind(c(1, 0, 0, 1), c(1, 1, 0, 0), c(1, 0, 0, 0), c(0, 1, 0, 0))
spikes[2, , ] <- rbind(c(0, 0, 1, 1), c(0, 0, 1, 0), c(1, 0, 1, 1), c(0, 0, 1, 0))

# Three traps of toJSON:
# - A vector of length 1 becomes a list. auto_unbox makes it a number ...
# - ... but then also where a list is wanted, as for the label of a single sample: I() keeps it one.
# - Only 4 digits of a number are written. digits = NA writes all.
# Axes and values of an array are right as they are; labels count from 0.
#
# The gradient is the same at every time step, so "broadcast" asks for one row a sample.
request <- jsonlite::toJSON(
  list(
    spk = spikes, targets = I(c(0, 0)), num_classes = 2, neurons_per_class = 2,
    correct_rate = 0.75, incorrect_rate = 0.125, gradient = "broadcast"
  ),
  auto_unbox = TRUE, digits = NA
)

handle <- curl::new_handle(postfields = request)
curl::handle_setheaders(handle, "Content-Type" = "application/json")
response <- curl::curl_fetch_memory(paste0(url, "/v1/losses/balanced_population_mse"), handle)
answer <- jsonlite::fromJSON(rawToChar(response$content))
if (response$status_code != 200) {
  stop(answer$detail, call. = FALSE)
}

# The last axis is the fastest of the data, and the first is that of an array of R.
gradient <- aperm(array(answer$gradients$spk$data, rev(answer$gradients$spk$shape)))
cat(sprintf("loss: %.17g\n", answer$loss))
cat("gradient:", sprintf("%.17g", t(gradient[, 1, ])))
cat("\n")
