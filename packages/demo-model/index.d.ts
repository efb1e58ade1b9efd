/** Path of the demo model, a GGUF file. */
declare const file: string;
export = file;
