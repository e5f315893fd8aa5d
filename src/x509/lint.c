#include "x509/lint.h"
int pcai_lint_certificate(struct slice tbs, const struct lint_context *context, struct findings *findings, pca_error *err)
{ (void)tbs; (void)context; (void)findings; (void)err; return PCA_OK; }
int pcai_lint_refuse(const struct findings *findings, const char *object, pca_error *err)
{ (void)findings; (void)object; (void)err; return PCA_OK; }
