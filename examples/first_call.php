<?php
// Asks spikelossd for a loss and its gradient, with what PHP (7.4 or later) brings.
//
//     php examples/first_call.php      SPIKELOSSD_URL names the server, default http://127.0.0.1:8080

$url = getenv('SPIKELOSSD_URL') ?: 'http://127.0.0.1:8080';

// [batch, time, neurons]: two samples, four time steps, two classes of two neurons each. The gradient
// is the same at every time step, so "broadcast" asks for one row a sample.
//
// An array whose keys are not 0, 1, 2, ..., such as what array_filter leaves, is sent as an object:
// array_values makes it a list again.
$request = [
    'spk' => [
        [[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]],
        [[0, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1], [0, 0, 1, 0]],
    ],
    'targets' => [0, 0],
    'num_classes' => 2,
    'neurons_per_class' => 2,
    'correct_rate' => 0.75,
    'incorrect_rate' => 0.125,
    'gradient' => 'broadcast',
];

$text = file_get_contents("$url/v1/losses/balanced_population_mse", false, stream_context_create([
    'http' => [
        'method' => 'POST',
        'header' => 'Content-Type: application/json',
        'content' => json_encode($request),
        'ignore_errors' => true, // reads what the server says of an error, too
    ],
]));
if ($text === false) {
    exit(1);
}
$answer = json_decode($text, true);
if (!isset($answer['loss'])) {
    fwrite(STDERR, $answer['detail'] . "\n");
    exit(1);
}

$gradient = $answer['gradients']['spk']['data']; // [2, 1, 4], the last axis fastest
echo 'loss: ', $answer['loss'], "\n";
echo 'gradient: ', implode(' ', $gradient), "\n";
