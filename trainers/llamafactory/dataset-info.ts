/** The text of `dataset_info.json`: one dataset of sharegpt rows with OpenAI's role names. */
export const datasetInfo = (name: string, fileName: string | undefined): string =>
  `${JSON.stringify(
    {
      [name]: {
        file_name: fileName,
        formatting: 'sharegpt',
        columns: { messages: 'messages', images: 'images' },
        tags: {
          role_tag: 'role',
          content_tag: 'content',
          user_tag: 'user',
          assistant_tag: 'assistant',
          system_tag: 'system',
        },
      },
    },
    null,
    2,
  )}\n`
