#include "decode/schema.h"

static const char *const gradient_forms[] = {
    [SL_GRADIENT_DENSE] = "dense",
    [SL_GRADIENT_BROADCAST] = "broadcast",
    [SL_GRADIENT_NONE] = "none",
    NULL,
};

static const char *const gradient_encodings[] = {
    [SL_ENCODING_TEXT] = "text",
    [SL_ENCODING_F32] = "f32",
    [SL_ENCODING_F64] = "f64",
    [SL_ENCODING_INDEXED_F32] = "indexed_f32",
    [SL_ENCODING_INDEXED_F64] = "indexed_f64",
    NULL,
};

static const char *const layouts[] = {
    [SL_BATCH_TIME_NEURONS] = "batch_time_neurons",
    [SL_TIME_BATCH_NEURONS] = "time_batch_neurons",
    [SL_BATCH_NEURONS_TIME] = "batch_neurons_time",
    NULL,
};

const struct sl_field sl_answer_fields[SL_ANSWER_FIELD_COUNT] = {
    [SL_ANSWER_GRADIENT] =
        {
            .name = "gradient",
            .summary = "How gradients of spike tensors are answered: dense, in the tensor's own "
                       "shape; broadcast, as a small tensor that broadcasts to it; or none, "
                       "without any gradients",
            .kind = SL_FIELD_CHOICE,
            .choices = gradient_forms,
            .optional = true,
        },
    [SL_ANSWER_ENCODING] =
        {
            .name = "gradient_encoding",
            .summary = "How the numbers of gradients of spike tensors are written: text, as JSON "
                       "numbers; f32 or f64, as base64 of little-endian floats; indexed_f32 or "
                       "indexed_f64, as a table of the different values and one byte an element, "
                       "if that is shorter",
            .kind = SL_FIELD_CHOICE,
            .choices = gradient_encodings,
            .optional = true,
        },
    [SL_ANSWER_AXES] =
        {
            .name = "axes",
            .summary = "The order of the axes of all spike tensors, and of their gradients; it "
                       "comes before the first tensor",
            .kind = SL_FIELD_CHOICE,
            .choices = layouts,
            .optional = true,
        },
};

size_t sl_request_field_count(const struct sl_loss *loss) {
  return loss->field_count + SL_ANSWER_FIELD_COUNT;
}

const struct sl_field *sl_request_field(const struct sl_loss *loss, size_t index) {
  return index < loss->field_count ? &loss->fields[index]
                                   : &sl_answer_fields[index - loss->field_count];
}
