/** Milliseconds: the longest time that a timer can wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** One signal for both reasons to end a call early: its time is over, or the caller aborts it. */
export class Deadline {
  #controller = new AbortController();
  /** @type {number} by the clock of performance.now() */
  #end;
  /** @type {(() => void) | undefined} */
  #forget;

  /**
   * @param {number} milliseconds
   * @param {AbortSignal | undefined} caller
   */
  constructor(milliseconds, caller) {
    const late = () =>
      this.#controller.abort(new DOMException(`no answer in ${milliseconds} ms`, 'TimeoutError'));
    const cancel = () => this.#controller.abort(caller?.reason);
    this.#end = performance.now() + milliseconds;
    const timer = setTimeout(late, Math.min(milliseconds, LONGEST_TIMER));
    caller?.addEventListener('abort', cancel);
    this.#forget = () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', cancel);
    };
    if (caller?.aborted) {
      cancel();
    }
  }

  get signal() {
    return this.#controller.signal;
  }

  /** Whether the time is over before this many milliseconds have passed. */
  comesWithin(/** @type {number} */ milliseconds) {
    return performance.now() + milliseconds >= this.#end;
  }

  /** Resolves after this many milliseconds; rejects if the call ends earlier. */
  pause(/** @type {number} */ milliseconds) {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        reject(this.signal.reason);
      };
      const timer = setTimeout(() => {
        this.signal.removeEventListener('abort', end);
        resolve(undefined);
      }, Math.min(milliseconds, LONGEST_TIMER));
      this.signal.addEventListener('abort', end, { once: true });
    });
  }

  /** Releases timers, listeners, and connections whose answers are not wanted. */
  close() {
    this.#forget?.();
    this.#controller.abort();
  }
}
