/** More of one answer of a server is not read. */
const longestAnswer = 10 * 1024 * 1024;

/**
 * Fetches for a connection to a server of tools, with a bound on what is read of each answer. The stream that a server
 * may send by itself is not opened: it would stay open all the time for messages that nothing here needs.
 */
export async function boundedFetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  if (init.method === 'GET' && !new Headers(init.headers).has('last-event-id')) {
    return new Response(null, { status: 405 });
  }
  const response = await fetch(url, init);
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  let read = 0;
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        read += chunk.length;
        if (read > longestAnswer) controller.error(new Error('an answer is too long'));
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Response(counted, { status, statusText, headers });
}
