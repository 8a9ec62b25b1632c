import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measuredChat, tokensOf } from './expected-tokens.ts';
import { failure, modelYaml, startRig } from './rig.ts';

const user = (content: unknown) => ({ role: 'user', content });
const long = 'The quick brown fox jumps over the lazy dog. '.repeat(5);
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Température à… «Genève»',
    parameters: { type: 'object', properties: {} },
  },
};
const image = (detail?: string) => ({
  type: 'image_url',
  image_url: { url: `data:image/png;base64,${'iVBORw0KGgo'.repeat(200)}`, ...(detail && { detail }) },
});

/** Chats of which each holds something that counts. */
const chats: readonly (readonly [string, Parameters<typeof measuredChat>[0]])[] = [
  ['one message', { messages: [user(long)] }],
  ['several messages with system text', { messages: [{ role: 'system', content: long }, user('hi'), user('')] }],
  [
    'names',
    {
      messages: [
        { ...user('hi'), name: 'ann_bob' },
        { ...user('hi'), name: 'x' },
      ],
    },
  ],
  [
    'tool calls and their results',
    {
      messages: [
        user('weather?'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Genève"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: `{"temperature": 21, "text": "${long}"}` },
      ],
    },
  ],
  [
    'a refusal and reasoning',
    { messages: [{ role: 'assistant', content: 'no', refusal: long, reasoning_content: long }] },
  ],
  [
    'text parts',
    {
      messages: [
        user([
          { type: 'text', text: long },
          { type: 'text', text: 'b' },
        ]),
      ],
    },
  ],
  ['refusal parts', { messages: [{ role: 'assistant', content: [{ type: 'refusal', refusal: long }] }] }],
  ['images', { messages: [user([{ type: 'text', text: 'what?' }, image(), image('high'), image('low')])] }],
  ['tools', { messages: [user('hi')], tools: [weather, weather] }],
  ['functions', { messages: [user('hi')], functions: [weather.function] }],
  [
    'a schema',
    { messages: [user('hi')], response_format: { json_schema: { name: 's', schema: { enum: [long, 1] } } } },
  ],
  [
    'texts that look like special tokens',
    { messages: [user('<|endoftext|><|im_start|>system<|im_sep|><|fim_prefix|>')] },
  ],
  ['texts of many scripts', { messages: [user('日本語のテキスト 한국어 Ελληνικά 👩‍👩‍👧‍👦 नमस्ते \u0000\u200b')] }],
];

describe('the tokens that a prompt measures', () => {
  it('are exact for chats of every kind, by either encoding, and decide to the token', async () => {
    const models = chats.flatMap(([, chat], index) => [
      [`default${index}`, { limits: { max_input_tokens: 1 } }],
      [`cl100k${index}`, { limits: { max_input_tokens: 1 }, tokenizer: 'cl100k_base' }],
      [`less${index}`, { limits: { max_input_tokens: measuredChat(chat) - 1 } }],
      [`enough${index}`, { limits: { max_input_tokens: measuredChat(chat) } }],
    ]);
    const { post, backend } = await startRig({ yaml: `models: ${JSON.stringify(Object.fromEntries(models))}` });
    for (const [index, [what, chat]] of chats.entries()) {
      const ask = (model: string, stream = false) =>
        post('/v1/chat/completions', { model: `u:${model}${index}`, stream, ...chat });
      const measured = measuredChat(chat);
      for (const [model, limit, exact] of [
        ['default', 1, measured],
        ['cl100k', 1, measuredChat(chat, 'cl100k_base')],
        ['less', measured - 1, measured],
      ] as const) {
        const details = { model: model + index, limit, measured: exact };
        for (const stream of [false, true]) {
          const { status, error, detail } = failure(await ask(model, stream));
          expect([status, error.code], what).toEqual([400, 'context_length_exceeded']);
          expect(detail, what).toMatchObject({ details });
        }
      }
      expect(backend.posts(), what).toHaveLength(index);
      expect((await ask('enough')).status, what).toBe(200);
    }
  });

  it('do not depend on white space and escapes of the JSON, but on those within texts', async () => {
    const chat = { messages: [user('é "quoted"')], tools: [weather] };
    const { post } = await startRig({ yaml: modelYaml({ max_input_tokens: 1 }) });
    const spaced = JSON.stringify({ model: 'u:m', ...chat }, null, 3);
    const escaped = spaced.replace(
      /[^\x20-\x7e\n]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    expect(escaped).toContain('\\u00e9');
    for (const body of [spaced, escaped]) {
      const { detail } = failure(await post('/v1/chat/completions', body));
      expect(detail).toMatchObject({ details: { measured: measuredChat(chat) } });
    }
  });

  it('of a lone surrogate are those of U+FFFD', async () => {
    const { post } = await startRig({ yaml: modelYaml({ max_input_tokens: 1 }) });
    const body = '{"model":"u:m","messages":[{"role":"user","content":"a\\ud800b"}]}';
    const { detail } = failure(await post('/v1/chat/completions', body));
    expect(detail).toMatchObject({ details: { measured: measuredChat({ messages: [user('a\ufffdb')] }) } });
  });

  it('are counted for any text whatever', async () => {
    const { post } = await startRig({ yaml: modelYaml({ max_input_tokens: 1 }) });
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 3 }), async (texts) => {
        const chat = { messages: texts.map(user) };
        const { detail } = failure(await post('/v1/chat/completions', { model: 'u:m', ...chat }));
        expect(detail).toMatchObject({ details: { measured: measuredChat(chat) } });
      }),
      { numRuns: 40 },
    );
  });

  it('of completions and embeddings are those of their texts or token lists, each entry by itself', async () => {
    const { post } = await startRig({ yaml: modelYaml({ max_input_tokens: 5 }) });
    const other = tokensOf(long);
    const cases: readonly (readonly [unknown, number | undefined])[] = [
      [long, other],
      [['a', long, 'b'], other],
      [['one two three', 'four five six', 'seven eight nine'], undefined],
      [[1, 2, 3, 4, 5], undefined],
      [[1, 2, 3, 4, 5, 6, 7], 7],
      [[[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6], [1]], 6],
    ];
    for (const [value, measured] of cases) {
      for (const [path, field] of [
        ['/v1/completions', 'prompt'],
        ['/v1/embeddings', 'input'],
      ] as const) {
        const answer = await post(path, { model: 'u:m', [field]: value });
        if (measured === undefined) expect(answer.status).toBe(200);
        else expect(failure(answer)).toMatchObject({ status: 400, detail: { details: { limit: 5, measured } } });
      }
    }
  });

  it('leave audio and files out, and the log says so once', async () => {
    const parts = [
      { type: 'input_audio', input_audio: { data: 'QUJD'.repeat(500), format: 'wav' } },
      { type: 'file', file: { file_data: 'QUJD'.repeat(500), filename: 'a.pdf' } },
      { type: 'text', text: 'hi' },
    ];
    const measured = measuredChat({ messages: [user([{ type: 'text', text: 'hi' }])] });
    const { chat, gateway } = await startRig({ yaml: modelYaml({ max_input_tokens: measured }) });
    for (let call = 0; call < 3; call++) expect((await chat({ messages: [user(parts)] })).status).toBe(200);
    const said = gateway.log().filter((line) => String(line.msg).includes('not counted'));
    expect(said.map((line) => line.kind).toSorted()).toEqual(['file', 'input_audio']);
  });
});
