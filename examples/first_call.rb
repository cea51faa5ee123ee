#!/usr/bin/ruby
# Asks spikelossd for a loss and its gradient, with Ruby's standard library alone.
#
#     ruby examples/first_call.rb      SPIKELOSSD_URL names the server, default http://127.0.0.1:8080
require 'json'
require 'net/http'

url = ENV.fetch('SPIKELOSSD_URL', 'http://127.0.0.1:8080')

# [batch, time, neurons]: two samples, four time steps, two classes of two neurons each. The gradient
# is the same at every time step, so "broadcast" asks for one row a sample.
request = {
  spk: [
    [[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]],
    [[0, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1], [0, 0, 1, 0]]
  ],
  targets: [0, 0], num_classes: 2, neurons_per_class: 2,
  correct_rate: 0.75, incorrect_rate: 0.125, gradient: 'broadcast'
}

response = Net::HTTP.post(
  URI("#{url}/v1/losses/balanced_population_mse"), request.to_json,
  'Content-Type' => 'application/json'
)
answer = JSON.parse(response.body)
abort answer['detail'] unless response.is_a?(Net::HTTPSuccess)

gradient = answer['gradients']['spk']['data'] # [2, 1, 4], the last axis fastest
puts "loss: #{answer['loss']}"
puts "gradient: #{gradient.join(' ')}"
