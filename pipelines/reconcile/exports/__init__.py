"""What leaves a reconciliation for people and other programs: workbook, PDF, CSV and JSON, with one run id and the same sums on all."""
