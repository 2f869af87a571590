"""Requests of the login page."""

from __future__ import annotations

from pydantic import BaseModel, Field


class LoginForm(BaseModel):
    """What the form of the login page sends."""

    token: str = Field(max_length=1000, description="The token of this server.")
    name: str = Field("", max_length=1000, description="Who you are, for the audit log; may be empty.")
    next: str = Field("/", max_length=2000, description="Page of this server to go on to.")


class LoginQuery(BaseModel):
    next: str = Field("/", max_length=2000, description="Page of this server to go on to.")
