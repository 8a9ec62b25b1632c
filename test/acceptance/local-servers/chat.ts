import { expect } from 'vitest';
import type { RecordedRequest } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../../harness/test-gateway.ts';

export const chatPath = '/v1/chat/completions';

/** The smallest chat, with further fields. */
export function chat(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: 'm', messages: [{ role: 'user', content: 'hello' }], ...fields };
}

/** A gateway that was told one URL and nothing else, but for its environment. */
export function startAt(
  baseUrl: string,
  env: Readonly<Record<string, string>> = {},
  more: Omit<TestGatewayOptions, 'env'> = {},
): Promise<TestGateway> {
  return startTestGateway({ ...more, flags: { baseUrl, ...more.flags }, env });
}

export interface ErrorEnvelope {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** The error of an answer in OpenAI's envelope, with this status and code. */
export async function expectError(answer: Response, status: number, code: string): Promise<ErrorEnvelope> {
  const text = await answer.text();
  expect({ status: answer.status, text }).toEqual({ status, text: expect.stringContaining('"error"') });
  const { error } = JSON.parse(text) as { error: ErrorEnvelope };
  expect(error).toMatchObject({ code, type: expect.any(String), message: expect.any(String) });
  return error;
}

/** The values of all headers of this name that a request had. */
export function sentHeaders(request: RecordedRequest | undefined, name: string): string[] {
  const raw = request?.rawHeaders ?? [];
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}
