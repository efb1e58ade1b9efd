// An HTTP service with Express: a form with the file "picture" in, its caption out.
// Usage: npm install express multer node-paligemma && node express.mjs
//        curl -F picture=@photo.jpg http://127.0.0.1:3000/caption
import express from 'express';
import multer from 'multer';
import { MAX_UPLOAD, model, shutDownWith, toResponse, whileConnected } from './captions.mjs';

const app = express();
app.disable('x-powered-by');

// In memory: nothing is written to disk, and more than one file or more bytes are refused while they arrive.
const upload = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: MAX_UPLOAD, files: 1, fields: 10, fieldSize: 1000 },
});

app.post('/caption', upload.single('picture'), async (request, response) => {
  // Only bytes: a string would be taken for the path of a file on this server.
  if (!request.file) {
    response.status(400).json({ message: 'send a form with the file "picture"' });
    return;
  }
  const { text } = await whileConnected(response, (signal) =>
    model.caption(request.file.buffer, { signal }),
  );
  response.json({ text });
});

// Express knows an error handler by its four parameters.
app.use((error, _request, response, next) => {
  if (response.headersSent) return next(error);
  if (error instanceof multer.MulterError) {
    const status = error.code === 'LIMIT_FILE_SIZE' ? 413 : 400;
    return response.status(status).json({ message: error.message });
  }
  const { status, headers, body } = toResponse(error);
  response.status(status).set(headers).json(body);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
);
shutDownWith(server, () => new Promise((resolve) => server.close(resolve)));
