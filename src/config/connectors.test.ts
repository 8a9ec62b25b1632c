import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadGood } from '../../test/goldens/config-folder.ts';

const file = 'config/external-api-connectors.toml';

test('providers and connectors', async () => {
  const toml = `[openai]
base_url = "https://api.example.com/v1/"
api_key = "\${KEY}"
[openai."gpt-4.1"]
internal = "my/model:x"
external = "gpt-4.1"
`;
  const config = await loadGood({ [file]: toml }, { KEY: ' "no_key"\n' });
  expect(config.backends.size).toBe(0);
  expect(config.settings.connectorsFile).toBe(file);
  const provider = config.providers.get('openai');
  expect(provider).toMatchObject({
    name: 'openai',
    origin: 'connectors',
    type: 'custom',
    baseUrl: 'https://api.example.com/v1',
    timeoutMs: 600_000,
    maxRetries: 2,
    place: file,
    credential: { header: 'authorization', prefix: 'Bearer ', variable: undefined },
  });
  const credential = provider?.credential;
  expect(credential?.kind === 'key' && [credential.secret?.reveal(), credential.source]).toEqual([
    'no_key',
    'external-api-connectors.toml: openai.api_key',
  ]);
  expect([...config.connectors.values()]).toEqual([
    { internal: 'my/model:x', external: 'gpt-4.1', provider: 'openai', path: 'openai."gpt-4.1"', heldBy: undefined },
  ]);
});

test('spellings that are equal in TOML are equal here', async () => {
  const spellings = [
    '[a]\nbase_url="https://x"\napi_key="k"\n[a.b]\ninternal="i"\nexternal="e"\n',
    '[a.b]\ninternal="i"\nexternal="e"\n[a]\nbase_url="https://x"\napi_key="k"\n',
    'a.base_url="https://x"\na.api_key=\'k\'\na.b.internal="i"\na.b.external="e"\n',
    'a = {base_url="https://x", api_key="""k""", b = {internal="i", external="e"}}\n',
    '["a"]\r\n"base_url" = "https://x"\r\napi_key = "k"\r\nb = { internal = "i", external = "e" }\r\n',
  ];
  for (const toml of spellings) {
    const config = await loadGood({ [file]: toml });
    expect(config.providers.get('a')?.baseUrl).toBe('https://x');
    expect(config.connectors.get('i')).toEqual({
      internal: 'i',
      external: 'e',
      provider: 'a',
      path: 'a.b',
      heldBy: undefined,
    });
  }
});

test('labels may be called as object prototypes', async () => {
  const toml = ['__proto__', 'constructor']
    .map(
      (name) => `[${name}]\nbase_url="https://x"\napi_key="k"\n[${name}.__proto__]\ninternal="${name}"\nexternal="e"\n`,
    )
    .join('');
  const config = await loadGood({ [file]: toml });
  expect([...config.providers.keys()]).toEqual(['__proto__', 'constructor']);
  expect([...config.connectors.keys()]).toEqual(['__proto__', 'constructor']);
});

test('oauth, with line breaks of the key in either form', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const rest =
    'token_url = "https://t/token"\nissuer = "i"\naudience = "a"\nscope = "s"\n[g.m]\ninternal="i"\nexternal="e"\n';
  for (const key of [`"""\n${pem}"""`, JSON.stringify(pem), `'${pem.replaceAll('\n', '\\n')}'`, `"\${PEM}"`]) {
    const toml = `[g]\nbase_url = "https://g"\n[g.oauth]\nprivate_key = ${key}\n${rest}`;
    const credential = (await loadGood({ [file]: toml }, { PEM: pem })).providers.get('g')?.credential;
    expect(credential).toMatchObject({
      kind: 'oauth',
      tokenUrl: 'https://t/token',
      issuer: 'i',
      audience: 'a',
      scope: 's',
    });
    expect(credential?.kind === 'oauth' && credential.privateKey.reveal().trim()).toBe(pem.trim());
  }
});

test('a name that a backend holds leaves its connector pending', async () => {
  const toml = `[p]\nbase_url="https://x"\napi_key="k"\n${['mine:fast', 'fast', 'both', 'free']
    .map((name, index) => `[p.c${index}]\ninternal="${name}"\nexternal="e"\n`)
    .join('')}`;
  const backend = (models: string) =>
    `backend_type: custom\napi_base_url: http://h/v1\nauth_type: none\nmodels: ${models}\n`;
  const config = await loadGood({
    [file]: toml,
    'config/backends/mine/backend.yaml': backend('{fast: {}, both: {}}'),
    'config/backends/other/backend.yaml': backend('{both: {}}'),
  });
  expect([...config.connectors.values()].map(({ internal, heldBy }) => [internal, heldBy])).toEqual([
    ['mine:fast', 'backend mine'],
    ['fast', 'backend mine'],
    ['both', undefined],
    ['free', undefined],
  ]);
});
