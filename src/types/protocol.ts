/** What the pipeline knows of a client protocol. All of today's are OpenAI's; the registry is `protocols/registry.ts`. */
export interface Protocol {
  readonly name: 'chat-completions' | 'completions' | 'embeddings';
  /** What is appended to a backend's URL. */
  readonly path: string;
  /** How its prompt is counted. */
  readonly kind: 'chat' | 'completions' | 'embeddings';
  /** The request field that holds the prompt. */
  readonly promptField: 'messages' | 'prompt' | 'input';
  /** Whether answers can be streams and have an output to limit; also whether a model's default parameters apply. */
  readonly generates: boolean;
}
