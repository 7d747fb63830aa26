"""What an application tells the host about its data and itself; the host knows nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import PLAIN_STORE, AfterWrite, HostedData, Store

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["PLAIN_STORE", "AfterWrite", "HostedApplication", "HostedData"]

_Settings = TypeVar("_Settings", bound=HostSettings)


def _keep_settings(settings: _Settings) -> _Settings:
    return settings


def _name_no_data(_: HostSettings) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class HostedApplication(Generic[_Settings]):
    """What `sparqlhost.ops.run_server` needs to serve an application and replace its data meanwhile."""

    #: returns the WSGI application over an open store; called in each server process.
    make_app: Callable[[_Settings, Store], Flask]
    #: returns the data to serve.
    describe_data: Callable[[_Settings], HostedData] = lambda _: PLAIN_STORE
    #: returns the settings to use from now on, when something outside (a new import, say) changes them.
    refresh_settings: Callable[[_Settings], _Settings] = _keep_settings
    #: names the data that a store in memory would be filled with; another name means that they are to be
    #: served.
    read_data_version: Callable[[_Settings], str] = _name_no_data
