/**
 * A controller that is also aborted by a signal. `AbortSignal.any` does the same at several times the cost, and what it
 * makes is long in going.
 */
export function linkedController(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  if (signal.aborted) controller.abort();
  else signal.addEventListener('abort', () => controller.abort(), { once: true });
  return controller;
}
