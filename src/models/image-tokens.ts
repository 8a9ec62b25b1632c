/** The `type`s of parts that are images. */
export const imageTypes: ReadonlySet<string> = new Set(['image_url', 'input_image', 'image']);

/** What an image counts for, whatever its size: its pixels are not looked at. */
export const imageTokens = { low: 85, high: 765 } as const;
