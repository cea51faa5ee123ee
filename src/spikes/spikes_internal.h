/*
 * What the project does with spikes beside what users of libspikeloss do.
 */
#ifndef SPIKELOSS_SPIKES_SPIKES_INTERNAL_H
#define SPIKELOSS_SPIKES_SPIKES_INTERNAL_H

#include "spikes/lazy_words.h"

/* Charges the memory of a tensor that was just begun to `budget` (not owned, must outlive it). */
void sl_spikes_set_budget(struct sl_spikes *spikes, struct sl_budget *budget);

#endif
