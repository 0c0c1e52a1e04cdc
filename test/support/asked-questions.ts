/** A question of a model that plans, as `request_user_input` takes it. */
export const storeQuestion = {
  id: 'store',
  header: 'Store',
  question: 'Where are the notes kept?',
  options: [
    { label: 'A file', description: 'Simple.' },
    { label: 'SQLite', description: 'Can be searched.' },
  ],
};
