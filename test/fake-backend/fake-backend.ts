import { onTestFinished } from 'vitest';
import type { Replies } from '../../src/mock/mock-reply.ts';
import { type MockOptions, type MockServer, startMockServer } from '../../src/mock/mock-server.ts';

export type { MockReply, MockScript } from '../../src/mock/mock-reply.ts';
export type { MockServer } from '../../src/mock/mock-server.ts';
export type { RecordedRequest } from '../../src/mock/recorded-request.ts';

/**
 * Starts a mock server that closes itself at the end of the running test.
 * Outside of a test (`beforeAll`) use `startMockServer`, and `close` it.
 * @param script a whole behaviour, or just replies for the POST endpoints; none: the echo
 */
export async function startFakeBackend(script: MockOptions | Replies = {}): Promise<MockServer> {
  const server = await startMockServer(isReplies(script) ? { replies: script } : script);
  onTestFinished(() => server.close());
  return server;
}

function isReplies(script: MockOptions | Replies): script is Replies {
  return Array.isArray(script) || typeof script === 'function';
}
