/** The names of OpenTelemetry's semantic conventions that spans here carry; `gen_ai.*` is still in development there. */
export const names = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  method: 'http.request.method',
  resend: 'http.request.resend_count',
  route: 'http.route',
  status: 'http.response.status_code',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  error: 'error.type',
  caller: 'headrace.caller',
  requestId: 'headrace.request_id',
} as const;

/** `gen_ai.operation.name` by protocol. */
export const operations: Readonly<Record<string, string>> = {
  'chat-completions': 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
};

/** `gen_ai.provider.name` by the type of a backend, where it has a well-known one; others have the backend's name. */
export const providers: Readonly<Record<string, string>> = {
  openai: 'openai',
  deepseek: 'deepseek',
  gemini: 'gcp.gemini',
  groq: 'groq',
  mistral: 'mistral_ai',
  xai: 'x_ai',
};
