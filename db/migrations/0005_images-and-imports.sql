CREATE TABLE "imports" (
	"name" text PRIMARY KEY NOT NULL,
	"dataset_id" text NOT NULL,
	"mapping" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "images" ADD COLUMN "phash" text;--> statement-breakpoint
ALTER TABLE "images" ADD COLUMN "dhash" text;--> statement-breakpoint
ALTER TABLE "images" ADD COLUMN "pixels" text;--> statement-breakpoint
ALTER TABLE "images" ADD COLUMN "spread" double precision;--> statement-breakpoint
ALTER TABLE "imports" ADD CONSTRAINT "imports_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;