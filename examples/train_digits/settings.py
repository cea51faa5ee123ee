"""Every number that shapes the training, with its reason. Nothing else in the example is tuned."""

TIME_STEPS = 25

# One population of ten neurons represents each digit; neuron o of the output belongs to digit
# o // NEURONS_PER_CLASS.
CLASSES = 10
NEURONS_PER_CLASS = 10
PIXELS = 8 * 8
LAYERS = {"hidden 1": 100, "hidden 2": 60, "output": CLASSES * NEURONS_PER_CLASS}

# The targets of balanced_population_mse for an output neuron: 15 spikes in 25 steps for its own digit,
# 2.5 for any other.
CORRECT_RATE = 0.6
INCORRECT_RATE = 0.1

# The targets of firing_rate_target_mse_loss for each layer. The output's mean rate already follows from
# the two rates above, because all digits are equally frequent: the two losses must not disagree.
OUTPUT_RATE = (CORRECT_RATE + (CLASSES - 1) * INCORRECT_RATE) / CLASSES
TARGET_RATES = [0.15, 0.25, OUTPUT_RATE]

# A layer that is 0.1 away from its rate costs as much as an output neuron that is one spike off.
MULTIPLIERS = [10.0, 10.0, 10.0]

# The neurons: nine tenths of the membrane potential are left after a step.
LEAK = 0.9
THRESHOLD = 1.0
SURROGATE_STEEPNESS = 5.0

BATCH = 64
EPOCHS = 25
LEARNING_RATE = 2e-3
TESTED_SHARE = 0.25
