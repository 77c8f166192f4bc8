"""The admin's pages. `JobDefinitionAdmin` is for the pages of your own kinds of definition."""

from django.contrib import admin


class JobDefinitionAdmin(admin.ModelAdmin):
    """stub"""
