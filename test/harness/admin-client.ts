import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts';

export const adminSecret = 'key-of-the-admin-0123';

/** An answer of the admin API. */
export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The whole body as a text. */
  readonly text: string;
  /** The body as JSON; undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any form
  readonly body: any;
}

/** A gateway with an admin's key and a storage, and a client of its admin API. */
export interface AdminGateway {
  readonly gateway: TestGateway;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<AdminAnswer>;
  /** Makes a key and gives its id and its secret. */
  create(key: object): Promise<{ readonly id: string; readonly secret: string; readonly version: number }>;
  /** The status and the code that a call with this secret gets. */
  tryKey(secret: string): Promise<string>;
}

/** @param options `settings`: lines of `headrace.yaml` in place of those that say where its storage is */
export async function startAdminGateway(
  options: TestGatewayOptions & { readonly settings?: string } = {},
): Promise<AdminGateway> {
  const settings = `${options.settings ?? 'storage: {folder: state}'}\n${options.files?.['headrace.yaml'] ?? ''}`;
  const gateway = await startTestGateway({
    ...options,
    files: { ...options.files, 'headrace.yaml': settings },
    env: { HEADRACE_ADMIN_KEY: adminSecret, ...options.env },
  });
  return clientOf(gateway);
}

/** The client of a gateway that has this admin's key. */
export function clientOf(gateway: TestGateway): AdminGateway {
  const ask: AdminGateway['ask'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(gateway.url + path, {
      method,
      headers: { authorization: `Bearer ${adminSecret}`, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('application/json');
    const parsed = isJson ? JSON.parse(text) : undefined;
    if (typeof parsed?.secret === 'string') gateway.keepSecret(parsed.secret);
    return { status: answer.status, headers: answer.headers, text, body: parsed };
  };
  return {
    gateway,
    ask,
    create: async (key) => {
      const answer = await ask('POST', '/admin/keys', key);
      if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
      return answer.body;
    },
    tryKey: async (secret) => {
      const answer = await gateway.get('/v1/models', { authorization: `Bearer ${secret}` });
      const body = (await answer.json()) as { error?: { code: string } };
      return body.error === undefined ? `${answer.status}` : `${answer.status} ${body.error.code}`;
    },
  };
}
